"""``doctor``: what is wrong with a store, what that means for answers, and how it is made right."""
