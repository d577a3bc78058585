//! A proxy before a server that breaks one connection, at an exact moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use primitives::Event;

/// Passes everything on, but for the first answer that contains certain bytes: it breaks that
/// connection instead.
pub(crate) struct Proxy {
    port: u16,
    severed: Arc<Event>,
}

impl Proxy {
    pub(crate) fn start(server: u16, fatal: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let severed = Arc::new(Event::new());
        let told = Arc::clone(&severed);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (questions, answers) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let told = Arc::clone(&told);
                std::thread::spawn(move || pass(questions, server, |_| true));
                std::thread::spawn(move || {
                    pass(answers, client, |bytes| {
                        let is_fatal = bytes.windows(fatal.len()).any(|window| window == fatal);
                        let sever = is_fatal && !told.is_set();
                        if sever {
                            told.set();
                        }
                        !sever
                    });
                });
            }
        });
        Self { port, severed }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn has_severed(&self) -> bool {
        self.severed.is_set()
    }
}

/// Copies bytes until an end, or until they may not pass; then both ends are closed.
fn pass(mut from: TcpStream, mut to: TcpStream, may_pass: impl Fn(&[u8]) -> bool) {
    let mut bytes = [0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if !may_pass(&bytes[..count]) || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
