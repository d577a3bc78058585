//! One request, the way of coroutines and the way of threads: the same bytes to the same server.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use async_io::Async;

use crate::crawler::fetch::Address;

/// So much is read at a time.
const CHUNK: usize = 4096;

/// A page to fetch.
pub(super) struct Get {
    pub(super) page: Address,
    server: SocketAddr,
    request: String,
}

impl Get {
    pub(super) fn new(page: &Address) -> io::Result<Self> {
        let server = page.host().parse().map_err(io::Error::other)?;
        let request = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", page.path(), page.host());
        Ok(Self { page: page.clone(), server, request })
    }

    /// The page's bytes. Blocks until they are there.
    pub(super) fn blocking(&self) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.server)?;
        stream.write_all(self.request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        body(answer)
    }

    /// The same by a coroutine.
    pub(super) async fn awaited(&self) -> io::Result<Vec<u8>> {
        let stream = Async::<TcpStream>::connect(self.server).await?;
        let mut rest = self.request.as_bytes();
        while !rest.is_empty() {
            let written = stream.write_with(|mut stream| stream.write(rest)).await?;
            rest = &rest[written..];
        }
        let mut answer = Vec::new();
        // The chunk is not in the coroutine, which would be larger by it while it waits.
        let mut read = |mut stream: &TcpStream| {
            let mut chunk = [0; CHUNK];
            let read = stream.read(&mut chunk)?;
            answer.extend_from_slice(&chunk[..read]);
            Ok(read)
        };
        while stream.read_with(&mut read).await? > 0 {}
        body(answer)
    }
}

/// What follows the head of an answer, if that says that all is well.
fn body(mut answer: Vec<u8>) -> io::Result<Vec<u8>> {
    let text = String::from_utf8_lossy(&answer);
    let (head, _) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.lines().next().unwrap_or_default();
    if status != "HTTP/1.1 200 OK" {
        return Err(io::Error::other(format!("the server answers {status:?}")));
    }
    let head = head.len() + "\r\n\r\n".len();
    answer.drain(..head);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn the_head_is_read_and_taken_off() {
        let answer = |text: &str| body(text.into()).map_err(|error| error.to_string());
        assert_eq!(
            answer("HTTP/1.1 200 OK\r\nA: b\r\n\r\npage\r\n\r\n"),
            Ok("page\r\n\r\n".into())
        );
        assert!(answer("HTTP/1.1 404 Not Found\r\n\r\n").unwrap_err().contains("404"));
        assert!(answer("HTTP/1.1 200 OK\r\n").is_err(), "cut off in the head");
    }
}
