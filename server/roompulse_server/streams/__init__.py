"""One analyse stream: packets in, replies out; the frame side, the participant side, and their states."""
