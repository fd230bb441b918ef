//! (stand-in: the text of a feed, without a tree)

/// A feed.
pub struct Feed {
    text: String,
}

impl Feed {
    /// Reads UTF-8.
    pub fn parse(bytes: &[u8]) -> Feed {
        Feed { text: String::from_utf8_lossy(bytes).into_owned() }
    }

    /// Drops the items after the first `count`.
    pub fn truncate(&mut self, count: usize) {
        let starts: Vec<usize> = self.text.match_indices("<item>").map(|(at, _)| at).collect();
        if let (Some(from), Some(to)) = (starts.get(count), self.text.rfind("</item>")) {
            self.text.replace_range(*from..to + "</item>".len(), "");
        }
    }

    /// The document.
    pub fn emit(self) -> String {
        self.text
    }
}
