#!/bin/sh
# Make a token for each role of this agency's people, beside the keys; nothing is overwritten.
#
#   keys/tokens.toml     role = "token": what the node knows
#   keys/tokens/<role>   the same, one a file: for whoever calls (--token-file)
set -eu
umask 077
cd "${1:-/agency/keys}"
if [ -e tokens.toml ]; then exit 0; fi
rm -rf tokens tokens.part
mkdir tokens
for role in caseworker approver policy fg auditor operator; do
    token=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
    printf '%s\n' "$token" >"tokens/$role"
    printf '%s = "%s"\n' "$role" "$token" >>tokens.part
done
mv tokens.part tokens.toml
