"""The tests mirror rft_admin; journeys/ tells whole stories through the doors."""
