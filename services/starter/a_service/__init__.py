"""a-service: takes items, keeps them as events, and tells of them from a read model."""
