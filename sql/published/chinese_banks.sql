-- published.chinese_banks
-- grain   row_id
-- inputs  network.chinese_banks
-- units   nominal USD
-- params  none
-- why     a bank is a channel; to be named is not to be accused; what is not known is said

select
    row_id,
    bank_id,
    bank_name,
    tier,
    n_banks,
    n_banks_bound,
    standing,
    has_finding,
    documents,
    document_numbers,
    n_documents,
    reply,
    first_year,
    last_year,
    streams,
    documented_usd,
    shared_usd,
    bank_own_business,
    share,
    share_bound,
    share_of,
    modelled_usd_q05,
    modelled_usd_q10,
    modelled_usd_q25,
    modelled_usd_q50,
    modelled_usd_q75,
    modelled_usd_q90,
    modelled_usd_q95,
    modelled_usd_mean,
    n_fronts,
    total_assets_usd,
    total_assets_on,
    total_assets_source,
    exposure_to_assets_share,
    not_known
from network.chinese_banks
