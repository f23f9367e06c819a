/*
 * The one function of libsystemd that the journald addon calls, as sd_journal_send(3)
 * documents it. Stands in for <systemd/sd-journal.h>: the container has libsystemd0, and
 * needs its development package for nothing else.
 */
#pragma once
#include <sys/uio.h>
#ifdef __cplusplus
extern "C" {
#endif
int sd_journal_sendv(const struct iovec *iov, int n);
#ifdef __cplusplus
}
#endif
