"""A queue between two coroutines."""

import asyncio


# ANCHOR: line
async def produce(queue):
    for number in range(3):
        await queue.put(number)  # waits while it is full
    await queue.put(None)


async def consume(queue):
    total = 0
    while (number := await queue.get()) is not None:
        total += number
    return total


async def main():
    queue = asyncio.Queue(maxsize=1)
    _, total = await asyncio.gather(produce(queue), consume(queue))
    assert total == 3


asyncio.run(main())
# ANCHOR_END: line
