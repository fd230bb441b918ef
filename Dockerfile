# refeed as a container:
#   docker build -t refeed .
#   docker run -p 127.0.0.1:4600:4600 -v refeed:/var/lib/refeed -v ./refeed.toml:/etc/refeed.toml:ro refeed \
#       serve --config /etc/refeed.toml --listen 0.0.0.0:4600
FROM rust:1-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches outlive the build, so that a change of the source does not build the dependencies again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin refeed \
    && cp target/release/refeed /usr/local/bin/refeed

# No certificates to install: the roots travel with the binary.
FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/refeed --create-home refeed
COPY --from=build /usr/local/bin/refeed /usr/local/bin/refeed
COPY LICENSE-MIT LICENSE-APACHE THIRD-PARTY.md /usr/share/doc/refeed/
USER refeed
WORKDIR /var/lib/refeed
VOLUME /var/lib/refeed
EXPOSE 4600
# Asks /healthz of the listener: 127.0.0.1:4600 unless a config says otherwise.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["refeed", "health"]
ENTRYPOINT ["refeed"]
CMD ["serve", "--listen", "0.0.0.0:4600"]
