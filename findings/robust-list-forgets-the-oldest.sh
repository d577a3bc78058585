#!/usr/bin/env bash
# Linux: a thread that dies with more than 2,048 robust locks leaves the first ones locked and reports no error.
#
# Guess that fails: PTHREAD_MUTEX_ROBUST means that a lock whose owner has died gives EOWNERDEAD to the next thread that locks it.
# Version: Linux 6.18 (ROBUST_LIST_LIMIT is 2048), glibc 2.36.
# Behaviour: the kernel walks the list of the dead thread's locks for at most 2,048 entries, because the list is in the
#   program's memory and could be circular. glibc puts the newest lock in front. So the oldest locks, which are often the
#   outermost, stay locked by a dead thread. No call fails: `pthread_mutex_lock` has no such limit.
# Seen:
#   locks held by the thread that ended: 2050
#   EOWNERDEAD: 2048, still locked: 2 (numbers 0 to 1 in the order of locking)
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/robust.c" <<'C'
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

enum { LOCKS = 2050 };
static pthread_mutex_t locks[LOCKS];

static void *owner(void *unused) {
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_lock(&locks[i]);
    }
    return unused;
}

int main(void) {
    pthread_mutexattr_t robust;
    pthread_mutexattr_init(&robust);
    pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    for (int i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&locks[i], &robust);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, owner, NULL);
    pthread_join(thread, NULL);
    int told = 0, busy = 0, first = -1, last = -1;
    for (int i = 0; i < LOCKS; i++) {
        int error = pthread_mutex_trylock(&locks[i]);
        if (error == EOWNERDEAD) {
            told++;
            pthread_mutex_consistent(&locks[i]);
            pthread_mutex_unlock(&locks[i]);
        } else if (error == EBUSY) {
            busy++;
            first = first < 0 ? i : first;
            last = i;
        }
    }
    printf("locks held by the thread that ended: %d\n", LOCKS);
    printf("EOWNERDEAD: %d, still locked: %d (numbers %d to %d in the order of locking)\n", told, busy, first, last);
    return told + busy == LOCKS && busy > 0 && first == 0 ? 0 : 1;
}
C
cc -O1 -pthread -o "$folder/robust" "$folder/robust.c"
timeout 60 "$folder/robust"
