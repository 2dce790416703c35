-- report.claims_told
-- grain   one row: how many claims there are, and how many lie outside a sum they may mean
-- inputs  claims

select
    '' as row_key,
    count(distinct claims.stream || ' ' || claims.claim_id) as n_claims,
    count(distinct claims.stream || ' ' || claims.claim_id) filter (
        where claims.verdict in ('above the interval', 'below the interval')
    ) as n_outside
from claims
