//! A thread that waits for jobs, for orders and for the time, and ends when there is no work left.
//!
//! Run it: `cargo run -p locksmith-queues --example house`
//!
//! Sensors report temperatures over a [`channel`]. A thermostat must read them, obey its owner, and
//! tick: it sleeps in one [`Select`] and not in three loops. There is no flag that says "stop":
//! when the last sensor is gone, and the owner too, the select ends. What the display shows is a
//! queue of one place, into which the newest state is put by force.

use std::thread;
use std::time::Duration;

use queues::{Queue, Ring, Select, Sender, channel};

/// What the thermostat wakes up for.
enum Turn {
    Measured(i32),
    Ordered(i32),
    Tick,
}

const SENSORS: i32 = 3;
const MEASUREMENTS: i32 = 200;

fn sensor(number: i32, measured: &Sender<i32, Ring<i32>>) {
    for time in 0..MEASUREMENTS {
        // One of the sensors is broken. It ends early, and the others do not wait for it.
        if number == 2 && time == MEASUREMENTS / 2 {
            return;
        }
        measured.put(15 + (number + time) % 10).expect("the thermostat outlives the sensors");
    }
}

fn main() {
    let (measured, measurements) = channel(Ring::bounded(16));
    let orders = Queue::bounded(1);
    let display = Queue::bounded(1);
    thread::scope(|scope| {
        for number in 0..SENSORS {
            let measured = measured.clone();
            scope.spawn(move || sensor(number, &measured));
        }
        drop(measured); // the sensors have theirs
        scope.spawn(|| {
            orders.put(18).expect("not shut down yet");
            orders.put(21).expect("not shut down yet");
            orders.shutdown();
        });

        // ANCHOR: select
        let (mut wanted, mut seen, mut cold, mut ticks) = (0, 0, 0, 0);
        let mut select = Select::new();
        select.queue(&measurements, Turn::Measured).queue(&orders, Turn::Ordered);
        select.every(Duration::from_millis(1), || Turn::Tick);
        while let Ok(turn) = select.select() {
            match turn {
                Turn::Measured(degrees) => {
                    seen += 1;
                    cold += i32::from(degrees < wanted);
                    // The display is slow: it sees the newest state, and not each.
                    display.force_put(seen).expect("not shut down");
                }
                Turn::Ordered(degrees) => wanted = degrees,
                Turn::Tick => ticks += 1,
            }
        }
        // ANCHOR_END: select
        assert_eq!(seen, (SENSORS - 1) * MEASUREMENTS + MEASUREMENTS / 2);
        assert_eq!((wanted, display.drain()), (21, vec![seen]));
        println!("{seen} measurements, {cold} too cold, {ticks} ticks; no sensor is left");
    });
}
