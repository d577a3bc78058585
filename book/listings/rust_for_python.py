"""What the listing in Rust beside it says, in Python."""


# ANCHOR: function
def gcd(a, b):
    while b != 0:
        a, b = b, a % b
    return a
# ANCHOR_END: function


# ANCHOR: struct
class Account:
    def __init__(self):
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount
# ANCHOR_END: struct


# ANCHOR: option
def first_zero(numbers):
    for i, number in enumerate(numbers):
        if number == 0:
            return i
    return None


def say(numbers):
    i = first_zero(numbers)
    return f"a zero at {i}" if i is not None else "no zero"
# ANCHOR_END: option


# ANCHOR: closure
def even_squares(numbers):
    return [n * n for n in numbers if n % 2 == 0]
# ANCHOR_END: closure


# ANCHOR: result
def total(lines):
    sum = 0
    for line in lines:
        sum += int(line)  # may raise ValueError
    return sum
# ANCHOR_END: result


# ANCHOR: drop
class Guard:
    def __init__(self, held):
        self.held = held

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.held.clear()  # given back
# ANCHOR_END: drop


assert gcd(12, 18) == 6
account = Account()
account.deposit(5)
assert account.balance == 5
assert first_zero([3, 0]) == 1 and first_zero([3]) is None
assert say([0]) == "a zero at 0" and say([]) == "no zero"
assert even_squares([1, 2, 3, 4]) == [4, 16]
assert total(["1", "2"]) == 3
held = [1]
with Guard(held):
    pass
assert held == []
