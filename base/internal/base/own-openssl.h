/** @file OWN() for OpenSSL's types. */
#ifndef BASE_OWN_OPENSSL_H
#define BASE_OWN_OPENSSL_H

#include <base/own.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline void own_pop_x509_stack(STACK_OF(X509) *stack)
{
    sk_X509_pop_free(stack, X509_free);
}

static inline void own_free_general_names(GENERAL_NAMES *names)
{
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

/** `OWN(x509_stack) *chain`: a stack that owns its certificates. */
typedef STACK_OF(X509) x509_stack;

OWN_POINTER(ASN1_INTEGER, ASN1_INTEGER_free)
OWN_POINTER(ASN1_OBJECT, ASN1_OBJECT_free)
OWN_POINTER(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free)
OWN_POINTER(AUTHORITY_KEYID, AUTHORITY_KEYID_free)
OWN_POINTER(BIGNUM, BN_free)
OWN_POINTER(BIO, BIO_free_all)
OWN_POINTER(ECDSA_SIG, ECDSA_SIG_free)
OWN_POINTER(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
OWN_POINTER(EVP_MAC, EVP_MAC_free)
OWN_POINTER(EVP_MAC_CTX, EVP_MAC_CTX_free)
OWN_POINTER(EVP_MD_CTX, EVP_MD_CTX_free)
OWN_POINTER(EVP_PKEY, EVP_PKEY_free)
OWN_POINTER(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
OWN_POINTER(GENERAL_NAMES, own_free_general_names)
OWN_POINTER(PKCS12, PKCS12_free)
OWN_POINTER(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
OWN_POINTER(X509, X509_free)
OWN_POINTER(X509_EXTENSION, X509_EXTENSION_free)
OWN_POINTER(X509_NAME, X509_NAME_free)
OWN_POINTER(x509_stack, own_pop_x509_stack)

#endif
