"""Channels of a network as what is searched: groups, masks, differentiable costs, exact export."""
