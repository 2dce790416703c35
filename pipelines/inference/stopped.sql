-- a ledger as if the record had stopped: what is left of it, and what is made from the truth
-- grain   observation_id
-- inputs  ledger: facts.observations of one stream; kinds: its record_stop.csv; made: like_id,
--         root, start_on, end_on, value: figures of that kind by another root, over another window
-- units   value: as the figure it is like
-- params  $stop: last day on record; $last: last day that is hidden
-- why     after the stop only evidence of the kinds that are left today is seen; prices of other
--         countries' coal are known whatever customs say

select *
from ledger
where
    window_end_on <= $stop
    or starts_with(quantity, 'reference_')
    or (
        last_day(window_end_on) <= $last
        and exists (
            select 1
            from kinds
            where
                kinds.rule = 'keep'
                and kinds.quantity = ledger.quantity
                and kinds.class = ledger.class
        )
    )
union all
select
    ledger.* replace (
        null as assumed_price_usd_per_t,
        null as reason_not_used,
        null as stated_year,
        made.root || '-' || made.start_on as observation_id,
        made.root as root_id,
        made.root as origin_id,
        made.start_on as window_start_on,
        made.end_on as window_end_on,
        true as is_usable,
        case when ledger.central is null then made.value end as low,
        case when ledger.central is not null then made.value end as central,
        null as high
    )
from made
inner join ledger on made.like_id = ledger.observation_id
order by observation_id
