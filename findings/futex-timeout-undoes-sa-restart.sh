#!/usr/bin/env bash
# Linux: FUTEX_WAIT is restarted after a signal under SA_RESTART; the same call with a timeout gives EINTR.
#
# Guess that fails: SA_RESTART either restarts futex waits after a handler or does not. The timeout only says when the wait
#   ends.
# Version: Linux 6.18.
# Behaviour: without a timeout, FUTEX_WAIT goes on by itself after the handler, and its caller sees nothing. With any timeout
#   it returns EINTR under the same handler, long before that time. The newer system call futex_waitv is restarted with a
#   timeout too. So a test under signals without a deadline says nothing about a wait with one.
# Seen:
#   FUTEX_WAIT: restarted
#   FUTEX_WAIT with a timeout of 60 s: EINTR
#   futex_waitv with a timeout of 60 s: restarted
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/restart.c" <<'C'
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
struct waiter { /* struct futex_waitv of the kernel */
    uint64_t value, address;
    uint32_t flags, reserved;
};

enum kind { WAIT, WAIT_TIMEOUT, WAITV_TIMEOUT };
static const char *const NAMES[] = {"FUTEX_WAIT", "FUTEX_WAIT with a timeout of 60 s", "futex_waitv with a timeout of 60 s"};
static atomic_uint word;
static atomic_int handled;

static void handler(int signal) {
    (void)signal;
    handled = 1;
}

/* Waits once; 1 if it was interrupted. */
static void *wait_once(void *kind) {
    long result;
    struct timespec time = {60, 0};
    if ((intptr_t)kind == WAITV_TIMEOUT) {
        struct waiter waiter = {0, (uintptr_t)&word, 2 /* 32 bits */ | FUTEX_PRIVATE_FLAG, 0};
        clock_gettime(CLOCK_MONOTONIC, &time);
        time.tv_sec += 60;
        result = syscall(SYS_futex_waitv, &waiter, 1, 0, &time, CLOCK_MONOTONIC);
    } else {
        result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, (intptr_t)kind == WAIT ? NULL : &time);
    }
    return (void *)(intptr_t)(result < 0 && errno == EINTR);
}

static int interrupted(enum kind kind) {
    pthread_t thread;
    word = 0;
    handled = 0;
    pthread_create(&thread, NULL, wait_once, (void *)(intptr_t)kind);
    usleep(300000); /* it sleeps */
    pthread_kill(thread, SIGUSR1);
    while (!handled) {
        usleep(1000);
    }
    usleep(300000); /* it sleeps again, or is back */
    word = 1;
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    void *result;
    pthread_join(thread, &result);
    printf("%s: %s\n", NAMES[kind], result != NULL ? "EINTR" : "restarted");
    return result != NULL;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    sigaction(SIGUSR1, &action, NULL);
    int plain = interrupted(WAIT), timed = interrupted(WAIT_TIMEOUT), vector = interrupted(WAITV_TIMEOUT);
    return !plain && timed && !vector ? 0 : 1;
}
C
cc -O1 -pthread -o "$folder/restart" "$folder/restart.c"
timeout 60 "$folder/restart"
