#!/bin/sh
# seckg.sh: Zowe's job ZWESECKG, for Linux. Makes the secret key that signs identity tokens, inside a PKCS#11 token.
#
#     ./seckg.sh [--rotate]
#
# For whoever knows the original, which is edited (44 characters of a C literal) and submitted. What has become of its parts:
#
#     ZWESECKG (JCL and C in line)                   here
#     ---------------------------------------------  -----------------------------------------------------------------
#     EDCCBG: compile, bind with CSFDLL31, go        nothing to compile; seckg.c beside this file is the same in C
#     CSFPGSK, rule KEY                              safring secret generate
#     handle, 32 characters: IDTTKN.JWT.SECRET       $TOKEN: by name, its characters and length are checked
#     handle, 8 blanks: sequence number, filled in   printed; never given twice in a token, also after a key is gone
#     handle, "T" and blanks: a token object         always
#     CKA_CLASS = CKO_SECRET_KEY                     always
#     CKA_KEY_TYPE = CKK_GENERIC_SECRET              --alg HS256, HS384 or HS512 (A128 to A256 would make an AES key)
#     CKA_TOKEN = TRUE                               always
#     CKA_VALUE_LEN = 32, whatever the algorithm     as long as the algorithm's hash: 32, 48 or 64 bytes (RFC 7518, 3.2)
#     the token must exist (RACDCERT ADDTOKEN)       step 1
#     CRYPTOZ profiles SO.token and USER.token       the token's two PINs, and the modes of its files (man 7 safring-tokens)
#     hex dump of the attribute list                 secret show, in words
#     exit code 0, 4, 8, 12, 16 of ICSF              0 done, 5 there is such a key and it is another, 6 wrong PIN, ... (man safring)
#
# What the job leaves out, and is here:
#
#     a label (CKA_LABEL)            without one, keys of a token are told apart by their number only
#     uses (CKA_SIGN, CKA_VERIFY)    the key does nothing else
#     protection (CKA_SENSITIVE,     the key never leaves the token; say --extractable wrapped below if it is to be moved
#       not CKA_EXTRACTABLE)           or backed up by itself. Made once, nobody can relax this
#     a check value                  three bytes by which two systems see that they have the same key
#     a check of what is there       run twice, the job leaves two anonymous keys. This one says what it has found
#     rotation                       --rotate: a new version under the same label, and the policy follows
#     RDEFINE IDTDATA                step 4, the policy: RACF's IDTPARMS(SIGTOKEN() SIGALG() IDTTIMEOUT())
set -eu

SAFRING=${SAFRING:-safring}
TOKEN=${TOKEN:-IDTTKN.JWT.SECRET}            # the handle's first 32 characters
LABEL=${LABEL:-jwtsecret}                    # the job had none
ALG=${ALG:-HS256}                            # what the job's 32 bytes are for
APPL=${APPL:-ZOWEAPPL}                       # JWT.<applid>.<userid>.SAF
PIN_SOURCE=${PIN_SOURCE:-file:pin}           # file:PATH, fd:N, env:NAME or cred:NAME; never a PIN on a command line
SO_PIN_SOURCE=${SO_PIN_SOURCE:-file:sopin}   # of the security officer, who makes and deletes the token

if_exists=keep
[ "${1:-}" != --rotate ] || if_exists=new-version

# 1. The token: RACDCERT ADDTOKEN(IDTTKN.JWT.SECRET). The job needs one that is there.
"$SAFRING" token init "$TOKEN" --if-exists keep --pin-source "$PIN_SOURCE" --so-pin-source "$SO_PIN_SOURCE"

# 2. The key: CSFPGSK. With keep a second run makes nothing: it finds the newest key of that label, and refuses (exit code 5) when
#    that is another than what would be made. The URI names this version and no other.
made=$("$SAFRING" secret generate --token "$TOKEN" --label "$LABEL" --alg "$ALG" --if-exists "$if_exists" --pin-source "$PIN_SOURCE" --json)
uri=$(printf '%s' "$made" | sed -n 's/.*"uri": *"\([^"]*\)".*/\1/p')
sequence=$(printf '%s' "$made" | sed -n 's/.*"sequence": *\([0-9]*\).*/\1/p')
"$SAFRING" secret show "$uri" --pin-source "$PIN_SOURCE"

# 3. Is it what it should be? The key signs and verifies, nothing else, and stays: exit code 3 if not. The job has a dump.
"$SAFRING" secret check "$uri" --pin-source "$PIN_SOURCE"

# 4. Who signs with it: RDEFINE IDTDATA JWT.ZOWEAPPL.*.SAF IDTPARMS(SIGTOKEN(...) SIGALG(HS256) IDTTIMEOUT(5)). RACF takes whatever key is in
#    the token; this policy names one. Tokens that the old version signed are refused from here on: sooner than after their 5 minutes
#    rotate only when you must.
"$SAFRING" policy define --appl "$APPL" --user '*' --alg "$ALG" --key "$uri" --timeout-min 5 --if-exists replace

# 5. After a rotation the old versions are of no use; keep them for as long as you want to be able to go back, then:
#        safring secret list --token IDTTKN.JWT.SECRET
#        safring secret delete --token IDTTKN.JWT.SECRET --sequence N
echo "tokens for $APPL are signed with \"$LABEL\", sequence $sequence"
