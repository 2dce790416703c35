-- published.halts
-- grain   stream, halt_id
-- inputs  staged.halts, staged.figure_sources
-- units   none
-- params  none
-- why     a level may change at these dates and nowhere else: readers see each with its source

select
    halts.stream,
    halts.halt_id,
    halts.kind,
    halts.start_on,
    halts.end_on,
    halts.words,
    halts.source_id,
    sources.title as source_title,
    sources.url as source_url,
    halts.locator,
    halts.note
from staged.halts as halts
left join staged.figure_sources as sources
    on
        halts.stream = sources.stream
        and halts.source_id = sources.source_id
order by halts.stream, halts.start_on, halts.halt_id
