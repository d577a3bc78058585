#!/usr/bin/env bash
# glibc: a read-write lock with PTHREAD_RWLOCK_PREFER_WRITER_NP prefers readers.
#
# Guess that fails: PTHREAD_RWLOCK_PREFER_WRITER_NP makes new readers wait behind a waiting writer.
# Version: glibc 2.36, Linux 6.18.
# Behaviour: glibc accepts the kind and returns it when asked, but it changes nothing: new readers get in while a writer waits,
#   as with the default, and a steady stream of readers starves the writer. Only PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP
#   does what the shorter name says. (The manual page says so under BUGS.)
# Seen:
#   PREFER_READER_NP: a new reader got in, with a writer waiting
#   PREFER_WRITER_NP: a new reader got in, with a writer waiting
#   PREFER_WRITER_NONRECURSIVE_NP: a new reader was refused, with a writer waiting
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/rwlock.c" <<'C'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_rwlock_t lock;
static atomic_int writer_id;

static void *writer(void *unused) {
    writer_id = (int)syscall(SYS_gettid);
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
    return unused;
}

/* Waits until the writer sleeps in the futex of the lock. */
static void until_asleep(void) {
    char path[64], text[64] = "";
    char number[16];
    snprintf(number, sizeof number, "%d ", SYS_futex);
    while (strncmp(text, number, strlen(number)) != 0) {
        usleep(1000);
        snprintf(path, sizeof path, "/proc/self/task/%d/syscall", writer_id);
        FILE *file = fopen(path, "r");
        if (file != NULL) {
            if (fgets(text, sizeof text, file) == NULL) {
                text[0] = 0;
            }
            fclose(file);
        }
    }
}

static int new_reader_gets_in(const char *name, int kind) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, kind);
    pthread_rwlock_init(&lock, &attributes);
    pthread_rwlock_rdlock(&lock);
    writer_id = 0;
    pthread_t thread;
    pthread_create(&thread, NULL, writer, NULL);
    until_asleep();
    int got_in = pthread_rwlock_tryrdlock(&lock) == 0;
    if (got_in) {
        pthread_rwlock_unlock(&lock);
    }
    printf("%s: a new reader %s, with a writer waiting\n", name, got_in ? "got in" : "was refused");
    pthread_rwlock_unlock(&lock);
    pthread_join(thread, NULL);
    return got_in;
}

int main(void) {
    int reader = new_reader_gets_in("PREFER_READER_NP", PTHREAD_RWLOCK_PREFER_READER_NP);
    int writer = new_reader_gets_in("PREFER_WRITER_NP", PTHREAD_RWLOCK_PREFER_WRITER_NP);
    int really = new_reader_gets_in("PREFER_WRITER_NONRECURSIVE_NP", PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    return reader && writer && !really ? 0 : 1;
}
C
cc -O1 -pthread -o "$folder/rwlock" "$folder/rwlock.c"
timeout 60 "$folder/rwlock"
