//! A proxy before a server, with a fault.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use primitives::Event;

/// What is wrong with the way to the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It breaks the connection in place of the first answer that contains these bytes.
    Sever(&'static [u8]),
    /// Every answer comes so much later.
    Delay(Duration),
    /// No answer comes while the [gate](Proxy::close) is closed.
    Gate,
}

/// Passes everything on, but for its fault.
pub(crate) struct Proxy {
    port: u16,
    severed: Arc<Event>,
    open: Arc<Event>,
}

impl Proxy {
    pub(crate) fn start(server: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, severed: Arc::default(), open: Arc::default() };
        proxy.open.set();
        let (severed, open) = (Arc::clone(&proxy.severed), Arc::clone(&proxy.open));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (questions, answers) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (severed, open) = (Arc::clone(&severed), Arc::clone(&open));
                let may_pass = move |bytes: &[u8]| match fault {
                    Fault::Sever(fatal) => {
                        let is_fatal = bytes.windows(fatal.len()).any(|window| window == fatal);
                        let sever = is_fatal && !severed.is_set();
                        if sever {
                            severed.set();
                        }
                        !sever
                    }
                    Fault::Delay(time) => {
                        std::thread::sleep(time); // the fault itself
                        true
                    }
                    Fault::Gate => {
                        open.wait();
                        true
                    }
                };
                std::thread::spawn(move || pass(questions, server, |_| true));
                std::thread::spawn(move || pass(answers, client, may_pass));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn has_severed(&self) -> bool {
        self.severed.is_set()
    }

    pub(crate) fn close(&self) {
        self.open.clear();
    }

    pub(crate) fn open(&self) {
        self.open.set();
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
