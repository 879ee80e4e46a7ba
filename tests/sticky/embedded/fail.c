/* Lets calls on the files below FAIL_BELOW fail while the file FAIL_WHEN is there: writes with ENOSPC where FAIL_HOW is
   "full", flushes with EIO where it is "flush". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(int fd, const char *how) {
    const char *when = getenv("FAIL_WHEN"), *what = getenv("FAIL_HOW"), *below = getenv("FAIL_BELOW");
    char link[64], path[4096];
    if (!when || !what || !below || strcmp(what, how) != 0 || access(when, F_OK) != 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strncmp(path, below, strlen(below)) == 0 && path[strlen(below)] == '/';
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FULL(fd) if (fails(fd, "full")) { errno = ENOSPC; return -1; }
#define FLUSH(fd) if (fails(fd, "flush")) { errno = EIO; return -1; }

ssize_t write(int fd, const void *bytes, size_t count) { REAL(write); FULL(fd) return real(fd, bytes, count); }
ssize_t writev(int fd, const struct iovec *parts, int count) { REAL(writev); FULL(fd) return real(fd, parts, count); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) { REAL(pwrite64); FULL(fd) return real(fd, bytes, count, at); }
int fsync(int fd) { REAL(fsync); FLUSH(fd) return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); FLUSH(fd) return real(fd); }
