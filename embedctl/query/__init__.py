"""What ``query`` does: understand, plan, ask both arms, fuse, filter, hydrate."""
