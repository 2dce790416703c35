"""Ship positions: too many for whole files to be kept and read again; shipping lands them."""

from pipelines.shipping.dropped import holds, is_of, take, why_not

__all__ = ["holds", "is_of", "take", "why_not"]
