//! Work for a processor: finding the links of a page, as the crawler does.

use std::sync::Arc;
use std::time::Duration;

use super::get::Get;
use crate::crawler::fetch::{Address, Fetcher};

/// A page in which links are to be found.
pub(super) struct Links {
    fetcher: Fetcher,
    page: Address,
    html: String,
}

/// What was found each time, and how long all of it took.
pub(super) struct Found {
    pub(super) found: usize,
    pub(super) elapsed: Duration,
}

impl Links {
    pub(super) fn in_page(get: &Get, page: &[u8]) -> anyhow::Result<Arc<Self>> {
        let html = String::from_utf8(page.to_owned())?;
        let page = get.page.clone();
        Ok(Arc::new(Self { fetcher: Fetcher::new(&page), page, html }))
    }

    /// How many there are.
    pub(super) fn find(&self) -> usize {
        self.fetcher.links(&self.page, &self.html).len()
    }
}
