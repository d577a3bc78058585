//! For unit tests: a child by `fork`, as a foreign library might make one. It is a process that can
//! be killed.
//!
//! The child has one thread, and every lock of the parent's other threads in its current state. So
//! it runs only the closure, allocates nothing, and ends without unwinding.

/// A child process.
pub(crate) struct Child(libc::pid_t);

/// Runs `body` in a child.
pub(crate) fn fork(body: impl FnOnce()) -> Child {
    // SAFETY: the child calls `body`, which allocates nothing and takes no lock of the parent's
    // threads; then the child ends.
    match unsafe { libc::fork() } {
        0 => {
            body();
            // SAFETY: ends the process.
            unsafe { libc::_exit(0) }
        }
        child => {
            assert!(child > 0, "no process is left");
            Child(child)
        }
    }
}

/// In a child: ends it as if it were killed here.
pub(crate) fn die() -> ! {
    // SAFETY: numbers.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    unreachable!("dead")
}

impl Child {
    pub(crate) fn kill(&self) {
        // SAFETY: a child that was not waited for yet.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
    }

    /// Stops it, and waits until it has stopped.
    pub(crate) fn stop(&self) {
        let mut status = 0;
        // SAFETY: a child that was not waited for yet, and a place for its status.
        unsafe {
            libc::kill(self.0, libc::SIGSTOP);
            assert_eq!(libc::waitpid(self.0, &raw mut status, libc::WUNTRACED), self.0);
        }
        assert!(libc::WIFSTOPPED(status), "it has not ended");
    }

    /// Lets it continue.
    pub(crate) fn go_on(&self) {
        // SAFETY: as above.
        unsafe { libc::kill(self.0, libc::SIGCONT) };
    }

    /// Waits for the child's end. Returns the signal that killed it, or its exit status.
    pub(crate) fn end(self) -> Result<i32, i32> {
        let mut status = 0;
        // SAFETY: a child that was not waited for yet, and a place for its status.
        assert_eq!(unsafe { libc::waitpid(self.0, &raw mut status, 0) }, self.0);
        if libc::WIFSIGNALED(status) {
            Err(libc::WTERMSIG(status))
        } else {
            Ok(libc::WEXITSTATUS(status))
        }
    }
}
