#!/bin/sh
# One member's part in founding the consortium of ../compose.yaml, by the commands of operations.md.
#
#   ceremony.sh keys    make keys, tokens and cards; put the cards into the post
#   ceremony.sh draft   put all cards and the rules together into one draft
#   ceremony.sh sign    read the draft, sign it
#   ceremony.sh found   keep the signed note, make the genesis file, compare it with the others'
#   ceremony.sh epoch   let the key holders make the first key of pseudonyms
#
# Each runs in a container of its own with one member's keys and the post. What is done is not done
# again. MEMBERS and MEMBER say who; `keys` also reads ORIGIN, TITLE, OIN, ROLES,
# ENGINE and, for who works on cases, DESK.
set -eu
keys=/agency/keys
founding=/post/founding.note

is_founded() { [ -e "$keys/founding.note" ]; }

make_keys() {
    if is_founded; then return; fi
    if [ ! -e "$keys/member.toml" ]; then
        # /safe is memory of this container: this consortium's recovery seeds are gone with it.
        signaalketen key new --origin "$ORIGIN" --member "$MEMBER" \
            --keys "$keys" --recovery "/safe/$MEMBER.recovery"
    fi
    sh /agency/tokens.sh
    set --
    for role in $ROLES; do set -- "$@" --role "$role"; done
    signaalketen member card --keys "$keys" --title "$TITLE" --oin "$OIN" "$@" \
        --out "/post/$MEMBER.card.toml"
    signaalketen engine card --keys "$keys" --address "$ENGINE" --out "/post/$MEMBER.engine.card"
}

draft() {
    if [ -e "$founding" ]; then return; fi
    set --
    for name in $MEMBERS; do set -- "$@" --card "/post/$name.card.toml"; done
    # Whole or not at all: what stands under that name counts as drafted.
    rm -f "$founding.draft"
    signaalketen consortium draft --rules /rules.toml "$@" --author "$MEMBER" --out "$founding.draft"
    mv "$founding.draft" "$founding"
}

sign() {
    # A signature line: the member's name, and its signature.
    if is_founded || grep -q "^— [^ ]*/$MEMBER " "$founding"; then return; fi
    signaalketen consortium show "$founding"
    signaalketen consortium sign "$founding" --keys "$keys"
}

found() {
    if is_founded; then return; fi
    set --
    for name in $MEMBERS; do set -- "$@" --card "/post/$name.engine.card"; done
    signaalketen engine genesis --founding "$founding" "$@" --out "$keys/genesis.json"
    sha256sum <"$keys/genesis.json" >"/post/$MEMBER.genesis.sha256"
    if [ "$(cat /post/*.genesis.sha256 | sort -u | wc -l)" != 1 ]; then
        echo "The members' genesis files differ: somebody was sent other cards." >&2
        exit 1
    fi
    cp "$founding" "$keys/founding.part"
    mv "$keys/founding.part" "$keys/founding.note"
}

# On loopback: this container shares its member's network, so that the token goes nowhere.
epoch() {
    url=http://127.0.0.1:8080
    if signaalketen epoch status --url "$url" | grep -q ', open$'; then return; fi
    signaalketen epoch generate --purpose "$PURPOSE" --url "$url" \
        --token-file "$keys/tokens/operator"
}

case ${1:-} in
    keys) make_keys ;;
    draft | sign | found | epoch) "$1" ;;
    *) sed -n '2,12p' "$0"; exit 2 ;;
esac
