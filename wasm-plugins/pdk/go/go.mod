module wca-pdk

go 1.24
