-- report.banks_named
-- grain   bank named by officials, those with a finding in force first
-- inputs  bank_exposure
-- units   USD over all years

select
    'bank_id' as row_key,
    bank_exposure.bank_id,
    any_value(bank_exposure.bank_name) as bank_name,
    any_value(bank_exposure.country_iso2) as country_iso2,
    any_value(bank_exposure.size_tier) as size_tier,
    any_value(bank_exposure.role) as role,
    bool_or(bank_exposure.has_finding) as has_finding,
    any_value(bank_exposure.standing) as standing,
    min(bank_exposure.year) as first_year,
    max(bank_exposure.year) as last_year,
    sum(bank_exposure.documented_usd) as documented_usd,
    sum(bank_exposure.documented_scheme_usd) as shared_usd,
    max(bank_exposure.n_fronts) as n_fronts
from bank_exposure
group by bank_exposure.bank_id
order by has_finding desc, documented_usd desc, bank_name asc
