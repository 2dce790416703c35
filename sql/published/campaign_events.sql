-- published.campaign_events
-- grain   event_id
-- inputs  staged.campaign_events
-- units   none
-- params  none
-- why     the clock counts these beside the lists’ own dates

select
    event_id,
    event_on,
    precision,
    kind,
    actor,
    title,
    quantity,
    parties_announced,
    vessels_announced,
    is_tally,
    (
        not is_tally
        and kind in ('us_designation_round', 'other_designation_round', 'un_joint_statement')
        and actor != 'MSMT states'
    ) as is_round,
    source,
    url,
    note
from staged.campaign_events
