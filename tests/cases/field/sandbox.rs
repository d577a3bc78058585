//! A program that may not make every call to the kernel.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use primitives::{Condition, Event, Lock, Semaphore};
use tests::{leak, watched};

const SHORT: Duration = Duration::from_millis(20);

/// From here on the kernel refuses every sleep on a futex by the calling thread. `false`: this
/// kernel has no such filter.
fn refuse_sleep() -> bool {
    // The kernel's layout of a call: its number, and from byte 16 on its arguments.
    const NUMBER: u32 = 0;
    const OPERATION: u32 = if cfg!(target_endian = "little") { 24 } else { 28 };
    let statement = |code: u32, k| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let jump = |k, jt, jf| libc::sock_filter {
        code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16,
        jt,
        jf,
        k,
    };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let answer = libc::BPF_RET | libc::BPF_K;
    let mut filter = [
        statement(load, NUMBER),
        jump(libc::SYS_futex as u32, 0, 4),
        statement(load, OPERATION),
        statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0x7f),
        jump(libc::FUTEX_WAIT_BITSET as u32, 0, 1),
        statement(answer, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(answer, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: both affect only the calling thread; the program and its filter are valid for the
    // call.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    }
}

/// _Elsewhere_: glibc ends the process if a futex returns an error that it does not know ("The
/// futex facility returned an unexpected error code"). Sandboxes and emulators have caused this.
/// std takes the error for a wake-up.
///
/// _Here_: as in std. The waits are slow but correct, and a deadline is kept.
#[test]
fn where_the_kernel_refuses_a_futex_waits_are_slow_and_right() {
    watched(|test| {
        let (lock, changed) = (leak(Lock::new(0)), leak(Condition::new()));
        let (gate, seats) = (leak(Event::new()), leak(Semaphore::new(0)));
        let (boxed_in, refused) = (leak(AtomicBool::new(false)), leak(AtomicBool::new(false)));
        let held = lock.lock();
        let thread = test.crew(1, move |_| {
            refused.store(refuse_sleep(), SeqCst);
            boxed_in.store(true, SeqCst);
            let mut number = lock.lock();
            changed.wait_while(&mut number, |number| *number == 0);
            *number += 1;
            let start = Instant::now();
            assert!(changed.wait_timeout_while(&mut number, SHORT, |_| true).timed_out());
            drop(number);
            assert!(!gate.wait_timeout(SHORT) && seats.acquire_timeout(SHORT).is_none());
            assert!(start.elapsed() >= 3 * SHORT, "none came early");
            seats.release(1);
            gate.wait();
        });
        test.until(|| boxed_in.load(SeqCst));
        if !refused.load(SeqCst) {
            println!("skipped: this system has no seccomp for us, so the waits are ordinary ones");
        }
        drop(held);
        *lock.lock() += 1;
        changed.notify_all();
        seats.acquire().forget();
        assert_eq!(*lock.lock(), 2);
        gate.set();
        thread.join();
    });
}
