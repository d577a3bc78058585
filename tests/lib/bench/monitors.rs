//! A number under a lock, with a condition: used to compare conditions, and to build events for
//! libraries without one.

/// A number that threads wait for.
pub(crate) trait Monitor: Default + Send + Sync + 'static {
    /// Changes the number under the lock, and releases the lock.
    fn change(&self, change: impl FnOnce(&mut u64));

    /// Waits until the number is `ready`, changes it, and releases the lock.
    fn wait_until(&self, ready: impl Fn(u64) -> bool, change: impl FnOnce(&mut u64));

    fn notify_one(&self);

    fn notify_all(&self);
}

#[derive(Default)]
pub(crate) struct Locksmith(primitives::Lock<u64>, primitives::Condition);

#[derive(Default)]
pub(crate) struct Std(std::sync::Mutex<u64>, std::sync::Condvar);

#[derive(Default)]
pub(crate) struct ParkingLot(parking_lot::Mutex<u64>, parking_lot::Condvar);

#[derive(Default)]
pub(crate) struct Usync(usync::Mutex<u64>, usync::Condvar);

impl Monitor for Std {
    #[inline]
    fn change(&self, change: impl FnOnce(&mut u64)) {
        change(&mut self.0.lock().unwrap());
    }

    #[inline]
    fn wait_until(&self, ready: impl Fn(u64) -> bool, change: impl FnOnce(&mut u64)) {
        let mut number = self.0.lock().unwrap();
        while !ready(*number) {
            number = self.1.wait(number).unwrap();
        }
        change(&mut number);
    }

    #[inline]
    fn notify_one(&self) {
        self.1.notify_one();
    }

    #[inline]
    fn notify_all(&self) {
        self.1.notify_all();
    }
}

macro_rules! monitors {
    ($($name:ty),*) => {$(
        impl Monitor for $name {
            #[inline]
            fn change(&self, change: impl FnOnce(&mut u64)) {
                change(&mut self.0.lock());
            }

            #[inline]
            fn wait_until(&self, ready: impl Fn(u64) -> bool, change: impl FnOnce(&mut u64)) {
                let mut number = self.0.lock();
                while !ready(*number) {
                    self.1.wait(&mut number);
                }
                change(&mut number);
            }

            #[inline]
            fn notify_one(&self) {
                self.1.notify_one();
            }

            #[inline]
            fn notify_all(&self) {
                self.1.notify_all();
            }
        }
    )*};
}
monitors!(Locksmith, ParkingLot, Usync);
