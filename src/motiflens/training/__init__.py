"""How one stack of networks is trained: schedule and stopping, losses, members with their checkpoints, engines."""
