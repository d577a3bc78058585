//! What the page "Write your own" begins with: whole programs, each with a `main`, which the page
//! explores and which run as they are. The page has them in this order.

pub mod spin_lock;

pub mod look_then_take;

pub mod message;

pub mod sleeping_lock;

pub mod semaphore;

pub mod data_race;

pub mod two_flags;

#[cfg(all(test, not(model)))]
mod tests {
    #[test]
    fn what_the_page_proves_runs() {
        for _ in 0..100 {
            super::spin_lock::main();
            super::sleeping_lock::main();
            super::semaphore::main();
            super::data_race::main();
            super::two_flags::main();
        }
    }
}
