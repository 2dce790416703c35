-- network.designation_lag
-- grain   entity_id
-- inputs  network.entities, network.link_statements, network.legal_status
-- units   months of 30.4375 days
-- params  $as_of: the day the network speaks of
-- why     months from the first public official allegation to the first designation. Parties
--         alleged and not designated wait from their allegation to the day, unless an order blocks
--         them without a listing or a rule, a sentence or a forfeiture has settled their case.
--         Absent, for want of a lag to measure: parties first named by their designation or
--         charged on its day (one action, not an allegation that waited), those named without any
--         finding against them (a warrant served on a bank, a subpoena, a record holder), those
--         whose allegation was withdrawn or dismissed, and parties whose every allegation is
--         contested

with said as (
    -- what a court sealed was no public allegation until it was unsealed
    select
        *,
        coalesce(public_on, stated_on) as said_on
    from network.link_statements
    where is_publishable
),

alleged as (
    select
        about,
        first(said_on order by said_on, statement_id) as alleged_on,
        first(authority order by said_on, statement_id) as alleged_by,
        first(kind order by said_on, statement_id) as alleged_as
    from said
    where
        kind in (
            'alleged', 'reported', 'finding', 'proposed_rule', 'final_rule', 'charged',
            'forfeiture_complaint', 'convicted', 'sentenced', 'forfeited'
        )
        and authority not in ('PRC_GOV', 'COMPANY', 'PRESS', 'MODEL')
        and said_on <= $as_of
        and not is_edition_date
        and not is_contested
        and statement_id not in (
            select over.status_id
            from network.legal_status as over
            where over.ended_by in ('withdrawn', 'dismissed', 'repealed')
        )
    group by about
),

settled as (
    -- acts after which nobody waits for a designation any more
    select
        about,
        first(kind order by known_by_on, status_id) as settled_by
    from network.legal_status
    where is_in_force and kind in ('final_rule', 'convicted', 'sentenced', 'forfeited')
    group by about
),

waited as (
    select
        parties.entity_id,
        parties.name,
        parties.schema,
        alleged.alleged_on,
        alleged.alleged_by,
        alleged.alleged_as,
        parties.designated_on,
        parties.designated_by,
        settled.settled_by,
        parties.designated_by is not null as is_designated,
        not coalesce(parties.is_designation_undated, false) as is_date_known
    from network.entities as parties
    inner join alleged
        on parties.entity_id = alleged.about
    left join settled
        on parties.entity_id = settled.about
    where
        parties.is_publishable
        and (parties.designated_on is null or alleged.alleged_on < parties.designated_on)
)

select
    *,
    case
        when is_designated and is_date_known
            then (designated_on - alleged_on) * (1 / 30.4375::double)
    end as lag_months,
    case
        when not is_designated and settled_by is null
            then ($as_of - alleged_on) * (1 / 30.4375::double)
    end as waiting_months
from waited
order by entity_id
