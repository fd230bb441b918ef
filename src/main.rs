//! The `refeed` command: hands the arguments to [`refeed::cli`] and exits with its code.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    refeed::cli::main(std::env::args_os())
}
