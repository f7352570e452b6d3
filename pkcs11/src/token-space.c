#include "token-space.h"

#include <base/fail.h>
#include <base/own.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { SPACE_NEEDED = 65536 }; /* some times an RSA pair with its certificate */

/* ENOSPC and EDQUOT; EFBIG when the process may not make such files. Whatever else it is, the token will say it. */
static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* In a file without a name, of which a kill leaves nothing. */
static int try_space(const char *directory)
{
    OWN(own_fd) file = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return file < 0 ? errno : posix_fallocate(file, 0, SPACE_NEEDED);
}

saf_status token_space_check(const char *directory, saf_error *err)
{
    int error = directory ? try_space(directory) : 0;
    if (!is_full(error))
        return SAF_OK;
    errno = error;
    return saf_fail_errno(err, "there is no room for a new object in %s", directory);
}
