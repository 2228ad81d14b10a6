/* For LD_PRELOAD: the n-th operation on a disk from disk_fail(n) on fails, writing half of what it should before that
   where it is a write. Of regular files and directories only; pipes and terminals are left alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static long left = 0;
static int has_failed = 0;

void disk_fail(long n) {
    left = n;
    has_failed = 0;
}
int disk_failed(void) {
    left = 0;
    return has_failed;
}

static int fails_now(int file) {
    struct stat status;
    const int before = errno;
    if (left == 0 || (file >= 0 && (fstat(file, &status) != 0 || !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))))) {
        errno = before;
        return 0;
    }
    if (--left > 0) return 0;
    has_failed = 1;
    return 1;
}

ssize_t write(int file, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t) = NULL;
    if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (fails_now(file)) {
        if (size > 1) (void)!real(file, data, size / 2);
        errno = ENOSPC;
        return -1;
    }
    return real(file, data, size);
}

int fsync(int file) {
    static int (*real)(int) = NULL;
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    if (fails_now(file)) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int close(int file) {
    static int (*real)(int) = NULL;
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "close");
    /* What was only read loses nothing. */
    const int fails = (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY && fails_now(file), result = real(file);
    if (!fails) return result;
    errno = EDQUOT;
    return -1;
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *) = NULL;
    if (!real) real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    if (fails_now(-1)) {
        errno = EACCES;
        return -1;
    }
    return real(from, to);
}
