//! A server that stops without losing a request.
//!
//! Run it: `cargo run -p locksmith-primitives --example server`
//!
//! It answers lines over TCP. At most four connections are served at a time (a [`Semaphore`]); one
//! command, `stop`, closes the door for new ones (an [`Event`]); and the program ends when the last
//! of those that are under way has its answer (a [`WaitGroup`]). The example is its own client.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use primitives::{Event, Lock, Semaphore, WaitGroup};

const AT_A_TIME: usize = 4;
const CLIENTS: usize = 20;

/// What the threads of the server share.
struct Server {
    seats: Semaphore,
    stops: Event,
    answered: Lock<usize>,
}

impl Server {
    /// Takes connections until it is told to stop, then waits for those under way.
    fn run(self: &Arc<Self>, listener: &TcpListener) -> Result<()> {
        let under_way = WaitGroup::new();
        for connection in listener.incoming() {
            if self.stops.is_set() {
                break; // the connection that woke it up
            }
            let connection = connection?;
            // No more threads than seats: this waits here, and the system keeps who comes
            // meanwhile.
            self.seats.acquire().forget();
            let (server, here) = (Arc::clone(self), under_way.clone());
            thread::spawn(move || {
                if let Err(error) = server.answer(&connection) {
                    eprintln!("a client went away: {error}");
                }
                server.seats.release(1);
                drop(here);
            });
        }
        under_way.wait();
        Ok(())
    }

    fn answer(&self, connection: &TcpStream) -> Result<()> {
        let mut line = String::new();
        BufReader::new(connection).read_line(&mut line)?;
        let mut connection = connection;
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
        seats: Semaphore::new(AT_A_TIME),
        stops: Event::new(),
        answered: Lock::new(0),
    });
    let serving = {
        let server = Arc::clone(&server);
        thread::spawn(move || server.run(&listener))
    };
    thread::scope(|s| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| s.spawn(move || ask(address, &format!("request {number}"))))
            .collect();
        for (number, client) in clients.into_iter().enumerate() {
            let answer = client.join().expect("a client does not panic")?;
            assert_eq!(answer, format!("REQUEST {number}"));
        }
        Result::Ok(())
    })?;
    server.stop(address)?;
    serving.join().expect("the server does not panic")?;
    let answered = *server.answered.lock();
    assert_eq!(answered, CLIENTS);
    assert_eq!(server.seats.available(), AT_A_TIME);
    println!("{answered} requests, {AT_A_TIME} at a time; all were answered before the end");
    Ok(())
}
