#!/bin/sh
# Run the engine on the folder in which this is started, once the node is there.
#
# It ends when its node does: whoever runs this starts it again (compose.yaml: `restart`).
set -eu
# The node listens here once it has written the configuration.
until [ -S run/abci.sock ]; do sleep 0.2; done
# A socket that a killed engine left behind would keep this one from listening.
rm -f run/rpc.sock
exec cometbft start --home .
