"""The proxies by name."""

from __future__ import annotations

from nas.proxies.gradients import gradient_norm, synflow
from nas.proxies.proxy import Proxy
from nas.proxies.separation import jacobian_covariance, naswot
from nas.proxies.size import flops, macs, parameters
from nas.proxies.zen import zen
from simint.errors import InputError

PROXIES = {
    proxy.name: proxy
    for proxy in (
        Proxy("parameters", "baseline", parameters, needs_weights=False),
        Proxy("macs", "baseline", macs, needs_weights=False),
        Proxy("flops", "baseline", flops, needs_weights=False),
        Proxy("gradient-norm", "Abdelfattah et al., ICLR 2021, arXiv:2101.08134", gradient_norm),
        Proxy("synflow", "Tanaka et al., NeurIPS 2020, arXiv:2006.05467", synflow),
        Proxy("naswot", "Mellor et al., ICML 2021, arXiv:2006.04647", naswot),
        Proxy("jacobian-covariance", "Mellor et al., arXiv:2006.04647v1", jacobian_covariance),
        Proxy("zen", "Lin et al., ICCV 2021, arXiv:2102.01063", zen),
    )
}


def proxy(name: str) -> Proxy:
    """A proxy by name; InputError names those there are."""
    if name not in PROXIES:
        raise InputError(f"unknown proxy {name!r}; known: {', '.join(PROXIES)}")
    return PROXIES[name]
