use super::fake::Fake;
use super::patience::Patience;
use super::system::Machine;
use super::{BLIND, LONG, Policy, TURNS};

/// What a sleep and a wake-up cost at the least.
const SLEEP: u64 = 30_000;

/// The most that a wait in vain may take.
const SHORT: u64 = SLEEP / 2;

fn policy(cores: usize) -> Policy<Fake> {
    Policy::new(Fake::new(cores))
}

/// Waits in every way for something that never comes. Returns how long it took.
fn in_vain(policy: &Policy<Fake>, patience: &Patience) -> [u64; 5] {
    let time = |wait: &dyn Fn(&mut dyn FnMut() -> bool) -> bool| {
        let start = policy.machine.now();
        assert!(!wait(&mut || false));
        policy.machine.now() - start
    };
    [
        time(&|ready| policy.back_off(ready)),
        time(&|ready| policy.watch(patience, ready)),
        time(&|ready| policy.linger(patience, ready)),
        time(&|ready| policy.gather(patience, 2, ready)),
        time(&|ready| policy.gather(patience, usize::MAX, ready)),
    ]
}

/// A thread whose long looks have not paid.
fn impatient() -> Patience {
    let patience = Patience::new();
    patience.was_used(false);
    (0..10).for_each(|_| patience.was_used(false));
    patience
}

#[test]
fn a_wait_in_vain_takes_a_part_of_what_a_sleep_does() {
    let policy = policy(2);
    for time in in_vain(&policy, &impatient()) {
        assert!(time < SHORT, "{time} ns");
    }
}

#[test]
fn a_pause_may_take_ten_times_as_long_as_elsewhere() {
    for pause in [1, 10, 22, 140] {
        let policy = policy(2);
        policy.machine.pause.set(pause);
        assert!(policy.back_off(|| true)); // measures the pause, once
        for time in in_vain(&policy, &impatient()) {
            assert!((1000..SHORT).contains(&time), "{time} ns with pauses of {pause} ns");
        }
    }
}

#[test]
fn beside_a_hog_a_wait_costs_one_slice_and_then_none() {
    const SLICE: u64 = 3_000_000;
    let policy = policy(2);
    policy.machine.turn.set(SLICE);
    let patience = impatient();
    let first: u64 = in_vain(&policy, &patience).iter().sum();
    assert!(first < SLICE + 5 * SHORT, "{first} ns");
    for time in in_vain(&policy, &patience) {
        assert!(time < SHORT, "{time} ns");
    }
    assert_eq!(policy.machine.turns.get(), 1);
}

#[test]
fn on_one_core_there_is_no_pause_but_after_a_measured_one() {
    let policy = policy(1);
    let _ = in_vain(&policy, &Patience::new());
    assert_eq!(policy.machine.pauses.get(), 0);
    assert!(policy.machine.turns.get() > 0, "what it waits for may need this very core");
}

#[test]
fn a_wait_for_more_threads_than_cores_gives_turns_at_once() {
    let policy = policy(2);
    assert!(!policy.gather(&Patience::new(), 3, || false));
    assert_eq!((policy.machine.pauses.get(), policy.machine.turns.get()), (0, u64::from(TURNS)));
}

#[test]
fn a_wait_ends_at_the_look_that_finds_it_ready() {
    let policy = policy(2);
    for wanted in 1..=BLIND.len() + 40 {
        let mut looks = 0;
        let mut ready = || {
            looks += 1;
            looks == wanted
        };
        assert!(policy.back_off(&mut ready));
        assert_eq!(looks, wanted);
    }
    for wanted in [1, 2, 5, 20, 40] {
        for kind in 0..3 {
            let mut looks = 0;
            let mut ready = || {
                looks += 1;
                looks == wanted
            };
            let patience = Patience::new();
            let found = match kind {
                0 => policy.watch(&patience, &mut ready),
                1 => policy.linger(&patience, &mut ready),
                _ => policy.gather(&patience, 2, &mut ready),
            };
            assert!(found && looks == wanted, "{looks} looks for {wanted}");
        }
    }
}

#[test]
fn a_lock_that_is_free_for_a_moment_is_found_free() {
    const SECTION: u64 = 5_000;
    const FREE: u64 = 30;
    for came_at in (0..SECTION).step_by(10) {
        let policy = policy(2);
        let start = policy.machine.now();
        let is_free = || (policy.machine.now() - start + came_at) % SECTION < FREE;
        assert!(policy.back_off(is_free), "came {came_at} ns into a section");
    }
}

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn a_thread_looks_for_long_while_that_pays() {
    let policy = policy(2);
    let patience = Patience::new();
    // The other side wakes up after this time.
    let late = SLEEP + 10_000;
    for _ in 0..100 {
        let comes = policy.machine.now() + late;
        assert!(policy.linger(&patience, || policy.machine.now() >= comes));
        assert!(policy.linger(&patience, || true), "and then it answers at once");
    }
    // From now on it never does, so long looks become rarer.
    let start = policy.machine.now();
    assert!((0..1000).all(|_| !policy.linger(&patience, || false)));
    let each = (policy.machine.now() - start) / 1000;
    assert!(each < SHORT, "{each} ns in vain");
}

#[test]
fn a_long_look_ends_though_each_turn_takes_long() {
    let policy = policy(2);
    policy.machine.turn.set(150_000); // not quite too long
    let start = policy.machine.now();
    assert!(!policy.watch(&Patience::new(), || false));
    assert!(policy.machine.now() - start < LONG + 4 * 150_000);
}

#[test]
fn stepping_aside_is_a_turn_or_a_nap_where_turns_are_too_long() {
    let policy = policy(2);
    policy.step_aside();
    assert_eq!((policy.machine.turns.get(), policy.machine.naps.get()), (1, 0));
    policy.machine.turn.set(3_000_000);
    policy.step_aside();
    policy.step_aside();
    assert_eq!((policy.machine.turns.get(), policy.machine.naps.get()), (2, 2));
}
