"""Two increments make one, in Python too. Run it: it checks itself."""

import dis
import threading

# ANCHOR: increment
count = 0


def increment():
    global count
    count += 1
# ANCHOR_END: increment


# ANCHOR: in-two-lines
def increment_in_two_lines(log):
    global count
    before = count
    log("one more")
    count = before + 1
# ANCHOR_END: in-two-lines


if __name__ == "__main__":
    # The one line is a read, an addition and a write.
    steps = [step.opname for step in dis.get_instructions(increment)]
    read, write = steps.index("LOAD_GLOBAL"), steps.index("STORE_GLOBAL")
    assert read + 1 < write, steps

    # What another thread may do at a call, these two do each time: let the other one read.
    both_have_read = threading.Barrier(2)
    log = lambda _: both_have_read.wait(timeout=60)
    threads = [threading.Thread(target=increment_in_two_lines, args=[log]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not both_have_read.broken
    assert count == 1
