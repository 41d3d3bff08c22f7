// A disk that fails when it is told to: put between the server and its C library by LD_PRELOAD.
//
// While the file CONVOKE_TEST_FAULT holds the word
//   full   writing below CONVOKE_TEST_FOLDER writes half and then finds no space,
//   sync   bringing files below it to the disk fails.
// Not here: any fault of reading.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int below_folder(int fd) {
    const char *folder = getenv("CONVOKE_TEST_FOLDER");
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (folder == NULL || length < 0)
        return 0;
    target[length] = '\0';
    return strncmp(target, folder, strlen(folder)) == 0;
}

static int fails(int fd, const char *fault) {
    const char *control = getenv("CONVOKE_TEST_FAULT");
    char word[8] = {0};
    if (control == NULL)
        return 0;
    int file = open(control, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t length = read(file, word, sizeof word - 1);
    close(file);
    return 0 < length && strncmp(word, fault, strlen(fault)) == 0 && below_folder(fd);
}

// The calls themselves are made directly, so that nothing here calls itself.

ssize_t write(int fd, const void *bytes, size_t count) {
    if (fails(fd, "full")) {
        (void)!syscall(SYS_write, fd, bytes, count / 2);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    if (fails(fd, "full")) {
        (void)!syscall(SYS_pwrite64, fd, bytes, count / 2, at);
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return pwrite64(fd, bytes, count, at);
}

int fsync(int fd) {
    if (fails(fd, "sync")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
    if (fails(fd, "sync")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
