"""How a meeting's engagement went on from its first third to its last, whoever came or left meanwhile."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from roompulse_server.insight.summary.summary_types import Change
from roompulse_server.insight.summary.timeline import BUCKET_US, Buckets
from roompulse_server.insight.summary.uncertainty import change_of

COURSE_RULE = (
    "mean of the last third of the meeting less that of the first, of the median over those who have scores for half "
    "of both thirds or more; three minutes in each or more; standard error by Newey and West over means of minutes, "
    "p by the t distribution"
)


def course_of(everybody: Sequence[Buckets], duration_us: int) -> Change | None:
    """Compare the meeting's last third with its first; None with too little evidence in either."""
    count = duration_us // BUCKET_US
    if not everybody or count < 3:
        return None
    engagement = np.stack([one.engagement[:count] for one in everybody])
    known, third = ~np.isnan(engagement), count // 3
    same = (known[:, :third].mean(axis=1) >= 0.5) & (known[:, -third:].mean(axis=1) >= 0.5)
    if not same.any():
        return None
    medians = np.full(count, np.nan)
    anybody = known[same].any(axis=0)
    medians[anybody] = np.nanmedian(engagement[same][:, anybody], axis=0)
    change = change_of(medians, 0, count * BUCKET_US)
    return None if change is None else replace(change, rule=COURSE_RULE)
