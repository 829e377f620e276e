module cpi-outlier-go

go 1.24

require wca-pdk v0.0.0

replace wca-pdk => ../pdk/go
