//! A server that stops without losing a request.
//!
//! Run it: `cargo run -p locksmith-primitives --example server`
//!
//! It answers lines over TCP. At most four connections are served at a time: each has a permit of a
//! [`Semaphore`], which goes where the connection goes. One command, `stop`, closes the door for
//! new ones (an [`Event`]). Then the server takes all permits at once, which it has when the last
//! connection that is under way has its answer. The example is its own client.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use primitives::{Event, Lock, OwnedPermit, Semaphore};

const AT_A_TIME: usize = 4;
const CLIENTS: usize = 20;

/// What the threads of the server share.
struct Server {
    seats: Arc<Semaphore>,
    stops: Event,
    answered: Lock<usize>,
}

impl Server {
    /// Takes connections until it is told to stop, then waits for those under way.
    fn run(self: &Arc<Self>, listener: &TcpListener) -> Result<()> {
        for connection in listener.incoming() {
            if self.stops.is_set() {
                break; // the connection that woke it up
            }
            // No more threads than seats: this waits here, and the system keeps those that come
            // meanwhile.
            let (connection, seat) = (connection?, self.seats.acquire_owned());
            let server = Arc::clone(self);
            thread::spawn(move || {
                if let Err(error) = server.answer(&connection, seat) {
                    eprintln!("a client went away: {error}");
                }
            });
        }
        drop(self.seats.acquire_many(AT_A_TIME)); // all are free: none is under way
        Ok(())
    }

    /// The seat is free again when this returns, or panics.
    fn answer(&self, mut connection: &TcpStream, _seat: OwnedPermit) -> Result<()> {
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line)?;
        writeln!(connection, "{}", line.trim().to_uppercase())?;
        *self.answered.lock() += 1;
        Ok(())
    }

    /// No new connections; the loop is woken by one that is never answered.
    fn stop(&self, address: SocketAddr) -> Result<()> {
        self.stops.set();
        TcpStream::connect(address).map(drop)
    }
}

fn ask(address: SocketAddr, word: &str) -> Result<String> {
    let mut connection = TcpStream::connect(address)?;
    writeln!(connection, "{word}")?;
    let mut answer = String::new();
    BufReader::new(connection).read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = Arc::new(Server {
        seats: Arc::new(Semaphore::new(AT_A_TIME)),
        stops: Event::new(),
        answered: Lock::new(0),
    });
    thread::scope(|s| {
        let serving = s.spawn(|| server.run(&listener));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| s.spawn(move || ask(address, &format!("request {number}"))))
            .collect();
        for (number, client) in clients.into_iter().enumerate() {
            let answer = client.join().expect("a client does not panic")?;
            assert_eq!(answer, format!("REQUEST {number}"));
        }
        server.stop(address)?;
        serving.join().expect("the server does not panic")
    })?;
    let answered = *server.answered.lock();
    assert_eq!(answered, CLIENTS);
    println!("{answered} requests, {AT_A_TIME} at a time; all were answered before the end");
    Ok(())
}
