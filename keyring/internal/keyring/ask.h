/** @file The authority's answer for the floors above, which put questions of their own (tokens) to the same callback. */
#ifndef KEYRING_ASK_H
#define KEYRING_ASK_H

#include <safring/store.h>

/** Put a question to the authority that the store was opened with. Reads nothing that changes and takes no lock: any thread
 *  may ask while another uses the store. SAF_E_DENIED, codes 8/8/8; SAF_E_USAGE (not a user ID). */
saf_status saf_store_ask(saf_store *store, const saf_principal *who, saf_function function, const char *owner,
                         const char *name, saf_error *err);

#endif
