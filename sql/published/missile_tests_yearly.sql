-- published.missile_tests_yearly
-- grain   count_id
-- inputs  staged.missile_tests_yearly
-- units   counts
-- params  none
-- why     a conflict between counts is shown, not settled

select * from staged.missile_tests_yearly
