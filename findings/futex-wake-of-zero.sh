#!/usr/bin/env bash
# Linux: FUTEX_WAKE of 0 threads wakes one, FUTEX_CMP_REQUEUE of 0 wakes none.
#
# Guess that fails: FUTEX_WAKE wakes at most the number of threads that it is given, so 0 wakes none.
# Version: Linux 6.18.
# Behaviour: FUTEX_WAKE wakes a waiter, counts it, and only then asks whether the count has reached the number. A caller
#   that computes the number to wake and arrives at 0 still wakes one. FUTEX_CMP_REQUEUE takes the same number in the same
#   argument, but asks first. A condition that moves its waiters to the lock relies on the behaviour of FUTEX_CMP_REQUEUE.
# Seen:
#   FUTEX_CMP_REQUEUE, wake 0: woke or moved 0
#   FUTEX_WAKE 0: woke 1
#   FUTEX_WAKE of all: woke 2
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/zero.c" <<'C'
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3 };
static atomic_uint word, other;

static long futex(atomic_uint *address, int operation, unsigned value, long moved, atomic_uint *to, unsigned expected) {
    return syscall(SYS_futex, address, operation | FUTEX_PRIVATE_FLAG, value, moved, to, expected);
}

static void *sleeper(void *unused) {
    // 0 is a wake-up; all else (a signal, the word has changed) is looked at once more.
    while (atomic_load(&word) == 0 && futex(&word, FUTEX_WAIT, 0, 0, NULL, 0) != 0) {
    }
    return unused;
}

int main(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, sleeper, NULL);
    }
    // All sleep when a requeue onto the same word, which moves them to where they are, counts all of them.
    while (futex(&word, FUTEX_CMP_REQUEUE, 0, INT_MAX, &word, 0) < THREADS) {
        usleep(1000);
    }
    long requeue = futex(&word, FUTEX_CMP_REQUEUE, 0, 0, &other, 0);
    printf("FUTEX_CMP_REQUEUE, wake 0: woke or moved %ld\n", requeue);
    long zero = futex(&word, FUTEX_WAKE, 0, 0, NULL, 0);
    printf("FUTEX_WAKE 0: woke %ld\n", zero);
    atomic_store(&word, 1);
    long rest = futex(&word, FUTEX_WAKE, INT_MAX, 0, NULL, 0);
    printf("FUTEX_WAKE of all: woke %ld\n", rest);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return requeue == 0 && zero == 1 && rest == THREADS - 1 ? 0 : 1;
}
C
cc -O1 -pthread -o "$folder/zero" "$folder/zero.c"
timeout 60 "$folder/zero"
