#!/bin/sh
# Make a token for each role of this agency's systems, beside the keys; nothing is overwritten.
#
#   keys/tokens.toml     role = "token": what the node knows
#   keys/people.toml     who acts in cases, each with a token: nobody, or with DESK=member/desk
#                        five at that desk, one or more for each role, to begin or to look with
#   keys/tokens/<who>    the same tokens, one a file: for whoever calls (--token-file)
set -eu
umask 077
cd "${1:-/agency/keys}"

token() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

if [ ! -e tokens.toml ]; then
    rm -rf tokens tokens.part
    mkdir tokens
    for role in caseworker approver policy fg auditor operator; do
        token >"tokens/$role"
        printf '%s = "%s"\n' "$role" "$(cat "tokens/$role")" >>tokens.part
    done
    mv tokens.part tokens.toml
fi

person() {
    token >"tokens/$1"
    printf '[[person]]\nid = "%s"\nroles = [%s]\ndesk = "%s"\ntoken = "%s"\n\n' \
        "$1" "$2" "$DESK" "$(cat "tokens/$1")" >>people.part
}

if [ ! -e people.toml ]; then
    : >people.part
    if [ -n "${DESK:-}" ]; then
        person w1 '"caseworker"'
        person w2 '"caseworker", "approver"'
        person a1 '"approver"'
        person fg1 '"privacy-officer"'
        person l1 '"lead"'
    fi
    mv people.part people.toml
fi
