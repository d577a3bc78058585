//! What the deadlock detector costs: one lock, and one within another. Run it twice and divide:
//!
//! ```text
//! cargo bench -p primitives --bench detector -- --save-baseline off
//! cargo bench -p primitives --bench detector --features deadlock-detection -- --baseline off
//! ```

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use primitives::{Lock, RLock, Semaphore};

fn cost(c: &mut Criterion) {
    let (a, b) = (Lock::named("a", 0_u64), Lock::named("b", 0_u64));
    let (rlock, semaphore) = (RLock::named("r", ()), Semaphore::named("s", 1));
    let mut group = c.benchmark_group("detector");
    group.bench_function("lock", |bench| bench.iter(|| *black_box(&a).lock() += 1));
    group.bench_function("nested", |bench| {
        bench.iter(|| {
            let mut outer = black_box(&a).lock();
            *black_box(&b).lock() += 1;
            *outer += 1;
        });
    });
    group.bench_function("rlock", |bench| bench.iter(|| drop(black_box(&rlock).lock())));
    group.bench_function("semaphore", |bench| bench.iter(|| drop(black_box(&semaphore).acquire())));
    group.finish();
}

criterion_group!(benches, cost);
criterion_main!(benches);
