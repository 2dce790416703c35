-- report.joint_told
-- grain   one row: how many joint statements there are, and how many countries joined one
-- inputs  joint_statements, statement_endorsers

select
    '' as row_key,
    (select count(*) from joint_statements) as n_statements,
    (
        select count(distinct endorsers.country_iso3)
        from statement_endorsers as endorsers
        where endorsers.joined = 'true'
    ) as n_countries
