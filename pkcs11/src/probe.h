/** @file Trying a module in a process of its own before it is loaded into this one. Internal to this room. */
#ifndef PROBE_H
#define PROBE_H

#include <safring/status.h>

/** Load the module at @p path in a child, initialise it with @p parameters (NULL: none), list its slots, finalise it. SAF_E_UNSUPPORTED: it crashes,
 *  ends the process, does not answer within @p limit_ms milliseconds, or is no PKCS#11 module; the text says what it was doing. SAF_E_FAILED: no
 *  child could be made. */
saf_status probe_module(const char *path, const char *parameters, unsigned limit_ms, saf_error *err);

#endif
