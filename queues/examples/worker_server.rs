//! A server that stops without losing a request.
//!
//! Run it: `cargo run -p locksmith-queues --example worker_server`
//!
//! It answers lines over TCP. One thread accepts, and puts the connections into a bounded
//! [`Queue`]; a few workers take them out. To stop is to shut the queue down: nothing more comes
//! in, and the workers' loops end when what is in there has been answered. A full queue is answered
//! at once, with "busy", so that no client waits for a server that cannot keep up. The example is
//! its own client.

use std::io::{BufRead, BufReader, Result, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use primitives::Event;
use queues::{PutError, Queue, TryPutError};

const WORKERS: usize = 3;
const WAITING: usize = 64;
const CLIENTS: usize = 30;

fn answer(mut connection: &TcpStream) -> Result<()> {
    let mut line = String::new();
    BufReader::new(connection).read_line(&mut line)?;
    writeln!(connection, "{}", line.trim().to_uppercase())
}

/// Accepts until `stops` is set and a last connection wakes it.
fn accept(listener: &TcpListener, stops: &Event, waiting: &Queue<TcpStream>) -> Result<()> {
    for connection in listener.incoming() {
        if stops.is_set() {
            break;
        }
        match waiting.try_put(connection?) {
            Ok(()) => {}
            Err(TryPutError::Full(mut connection)) => writeln!(connection, "busy")?,
            Err(TryPutError::Shutdown(_)) => break,
        }
    }
    Ok(())
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
    let (stops, waiting) = (Event::new(), Queue::bounded(WAITING));
    let answered = thread::scope(|s| {
        let acceptor = s.spawn(|| accept(&listener, &stops, &waiting));
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                s.spawn(|| waiting.iter().filter(|connection| answer(connection).is_ok()).count())
            })
            .collect();

        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| s.spawn(move || ask(address, &format!("request {number}"))))
            .collect();
        for (number, client) in clients.into_iter().enumerate() {
            assert_eq!(client.join().expect("no panic")?, format!("REQUEST {number}"));
        }

        stops.set();
        drop(TcpStream::connect(address)?); // wakes the acceptor
        acceptor.join().expect("no panic")?;
        waiting.shutdown(); // the workers take what is left, and their loops end
        Result::Ok(
            workers.into_iter().map(|worker| worker.join().expect("no panic")).sum::<usize>(),
        )
    })?;
    assert_eq!(answered, CLIENTS);
    let late = TcpStream::connect(address)?;
    assert!(
        matches!(waiting.put(late), Err(PutError::Shutdown(_))),
        "it comes back, and is not lost"
    );
    println!("{WORKERS} workers answered {answered} requests, and ended");
    Ok(())
}
